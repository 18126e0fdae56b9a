package control

import "io/fs"

// makePrivate has nothing to do: a directory has the access list of the one
// above, which is the user's own.
func makePrivate(string, fs.FileInfo) error { return nil }
