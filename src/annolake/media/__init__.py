"""Media: probe files in a child process, copy them to the object store, register each content once."""
