// Package drop is the format of drops: files that lie sealed at a relay until
// somebody takes them. It has no disk and no network, only bytes; it makes and reads
// what a browser does by WebCrypto, and testdata/vectors.json says what both must
// come to.
//
// # Keys
//
// A drop has a content key K, 32 random bytes, which only its sender and its
// receivers have. By HKDF-SHA-256 of K without salt follow
//
//	id   16 bytes, "bargee drop id v1"        names the drop; in URLs 32 hex digits
//	ck   32 bytes, "bargee drop chunk v1"     seals data
//	mk   32 bytes, "bargee drop manifest v1"  seals the manifest
//
// # Chunks
//
// The data of all files, back to back in the order of the manifest, and zeros up to
// the padded size, are cut into chunks of 1 MiB (the manifest says how many bytes; 64 KiB to 4
// MiB, a power of two; the last may be shorter). A sealed chunk is
//
//	nonce (12 random bytes) || AES-256-GCM(key, nonce, plain, AD), tag and all
//	AD = "bargee drop v1" 0 || id || kind (1 data, 2 manifest) || index (8 bytes) || final (1: the last of its kind)
//
// Numbers are big-endian. A nonce is drawn each time: a file that changed between two
// attempts is never sealed twice with one. The name of a chunk is the SHA-256 of all
// its sealed bytes. Padded says how sizes are filled up; 0 bytes are no chunk.
//
// # Manifest
//
// Lines of JSON, filled up with blanks to its padded size (of one byte at least),
// sealed in chunks of 1 MiB. The first line:
//
//	{"version":1,"files":2,"dirs":1,"links":0,"bytes":7,"chunk":1048576,
//	 "chunks":"SHA-256 of the names (32 bytes each) of all chunks of data, in order","from":"for people",
//	 "tags":["..."],"created":"RFC 3339","sequence":1}
//
// "links", "from", "tags", "created" and "sequence" may be absent. Then a line for
// each entry, a directory before what is in it:
//
//	{"path":"a/b","kind":"file","size":7,"mode":"0644","modified":"RFC 3339","sha256":"hex","blake3":"hex"}
//	{"path":"a","kind":"dir"} {"path":"l","kind":"link","target":"b"}
//
// All but path and kind may be absent, and size where it is 0. Of the digests of a whole
// file who stores gives the one that costs it less: programs the BLAKE3, browsers the SHA-256;
// who receives holds what it wrote against it. What is not UTF-8, or
// has control characters, is path_base64 or target_base64 in their place. Nothing is
// said twice; a path has no empty name, no "." and no "..". Last may stand a signature
// (sign.go): {"signature":{"key":"base64","sig":"base64"}}. Keys that are not known are
// passed over; a version above 1 is not read.
//
// # At the relay
//
// A List has the names of all chunks in their order, those of the manifest first: it
// makes the drop whole. The relay sees sizes after padding, times, and who asks; it
// can withhold a drop or remove it, and no more: a chunk that is changed, moved,
// left out, given twice or from another drop does not open, and other chunks of an
// attempt that was not the last are not those the manifest tells.
//
// # To a known peer
//
// K is sealed to the peer's KEM key (envelope.go) and lies beside the drop, in the
// mailbox that follows from that key; the manifest is signed and numbered, and who
// receives remembers the numbers (Seen): an old drop is not shown again as new.
//
// Limits: see size.go and manifest.go; whatever breaks one is refused before use.
package drop
