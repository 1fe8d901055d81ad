"""Rules that a file must keep: suggested from data, accepted by a person, held against files."""
