"""The napari plugin: the only room that knows napari and Qt.

A folder for each thing that a person does; in it, `controller` acts and knows no Qt, and the files
of widgets and views show. `workspace` is the state, `document` the open tomograms, and `panel`
what the panel shows of them. Nothing here imports torch before a person asks for a network.
"""
