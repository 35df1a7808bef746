"""The napari plugin: the only room that knows napari and Qt.

Three layers: `specs` (pure functions from results to the arguments of a layer), `session` (state
and use cases, no Qt) and `widgets` (Qt, no computing). Nothing here imports torch before a person
asks for a network.
"""
