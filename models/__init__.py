"""The networks and their runners: pixels in, arrays out."""
