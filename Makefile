# The same as ./do, for fingers used to make.
.PHONY: demo test check setup
demo test check setup:
	@./do $@
