"""What a training learns from: scenes, drawn sections, labelled tomograms; samples of them."""
