"""Ways out of the lake: data sets for training, and Ground Truth manifests. Each reads one release."""
