// Package bucket keeps objects under keys, for what a relay holds for others: in a
// directory, or in an object store that speaks S3.
//
//	Bucket     what both can                                         (bucket)
//	Directory  files below a directory: complete and on disk, or absent  (directory, names)
//	S3         an object store, spoken to by requests of ours           (s3*)
//	Open       the one that a location names                           (location)
//	exact      a body that is as long as was announced                 (body)
//	ranged     reads of an object from any place, each place a request (ranged)
//
// # What is promised
//
// An object is there whole or not at all: who reads while another one is put sees
// the old or the new. When Put returns nil the object outlasts a crash and a loss of
// power, and so does the name it has; Delete and DeleteAll promise that, too. Of
// several Puts IfAbsent of one key one succeeds and the others get ErrExists, from
// whatever process they come.
//
// Nothing that was begun and not finished stays: a Directory keeps it apart from its
// objects and removes it when it is opened.
//
// # Keys
//
// A key is one or more names joined by slashes, at most 512 bytes: a name is 1 to 128
// of a-z, A-Z, 0-9, '-', '_' and '.', and does not begin with a '.'. Whatever comes
// from outside is parsed into something narrower before it gets into a key (drops has
// ids and digests); the rule here is the last line, not the first. No key may be the
// beginning of another one's path: "a" and "a/b" cannot both be objects.
//
// # Who owns what
//
// A Directory owns the lock on its directory until Close, and no goroutine. A reader
// that Open returned belongs to its caller. All methods may be called from several
// goroutines.
package bucket
