//go:build !linux

package session

// listenTo hears nothing: a watch would open every file here, or is not told of what
// lies below.
func listenTo(string, rules) *treeEar {
	t := &treeEar{changed: make(chan struct{}), deaf: make(chan struct{})}
	close(t.deaf)
	return t
}
