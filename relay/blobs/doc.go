// Package blobs keeps files for whoever speaks HTTP, each under the digest of its
// bytes, in a bucket.
//
//	Store      put, fetch, describe, remove; expiry and quotas     (store, put, index)
//	parts      uploads that come in pieces and may be continued    (parts)
//	Attributes name, type, tags and more of a blob                 (attributes)
//	checked    a body that is read only if it has its digest       (checked)
//
// A blob is two objects: its bytes, and what is said of them. It is there if both are:
// the bytes are stored first and removed last. Bytes that do not have the digest they
// were announced with are not stored.
//
// A Store keeps an index of what it has in memory. Where several relays share a bucket
// each looks again once a minute: until then tags and quotas are of what it knows, but
// a blob that another one took is found, and one that another one removed is not.
//
// Uploads in pieces are kept by the relay that they came to, in a directory of its
// own, for a day without a new piece.
//
// A Store owns no goroutine; Sweep is its caller's to call. All methods may be called
// from several goroutines.
package blobs
