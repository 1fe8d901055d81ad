"""The few widgets of our own: a table over pages, a line chart, histograms, and the frame around every
screen."""
