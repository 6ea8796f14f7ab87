"""Arrays, files and pixels: the base that models, beauty and counting share."""
