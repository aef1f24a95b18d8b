"""Measures the search on labelled data, in a temporary index that never touches anyone's collections."""
