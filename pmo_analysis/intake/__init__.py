"""Tables come in, checked: the only layer that knows file formats, databases and engines."""
