"""Attribution: which voxels of a tomogram made the network see a motor at a point, or none."""
