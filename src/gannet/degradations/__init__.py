"""What spoils an image: the inputs of image-to-image games, one file each."""
