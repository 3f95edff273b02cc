"""What is known of each layer that courses hand out: one record a layer, by family. layers.py lists them all."""
