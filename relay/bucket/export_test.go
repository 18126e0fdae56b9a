package bucket

import "testing"

// StartS3 is for tests of what lies above a bucket: a real server, begun, with ways to
// open its bucket, to end it and to begin it again.
func StartS3(t *testing.T) (open func() Bucket, stop, start func()) {
	s := startS3(t)
	return func() Bucket { return s.open("/relay") }, s.stop, s.start
}
