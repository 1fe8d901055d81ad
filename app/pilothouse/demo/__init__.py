"""The demo: a workspace on real flights, and the story of one model's whole life."""
