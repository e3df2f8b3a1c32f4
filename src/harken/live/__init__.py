"""harken live: a page on a service that recognises the phone that opens it, or plays a file."""
