// Package web is what a relay keeps, for whoever speaks HTTP: drops under /d, blobs
// below the server id, and a page for people. The same handler answers over HTTP and
// over links to the relay.
//
//	Handler    finds who answers, within limits of time           (web, pace, server, plain)
//	Caller     who asks, and what he may                          (caller, keys)
//	drops      /d: begin, fill, commit, take, remove              (drops, drop)
//	blobs      /SERVER_ID/DIGEST: put, get, describe, remove      (blobs, listing, zip)
//	hub        events, for those who listen                       (events)
//	History    what was asked, in a file                          (history, entry)
//	refusal    an error as its status and JSON                    (answer, refusals)
//
// # Who may what
//
// A drop is fetched by who can name it; its content is sealed, and the relay has no key.
// To begin one, and to list one's own, takes an account: that of a link's token or
// pass, of an API key (Authorization: Bearer bgk_...), or the server id in its place.
// All that changes a drop later takes the secret of who began it (Bargee-Owner).
//
// The server id is 128 random bits that stand in the addresses of blobs: who has it may
// do everything with them, unless keys are needed (Config.NeedKey), or one is shown that
// allows less. It is compared in constant time, and is in no log; no answer lets a
// browser send it on as a referrer. Of keys and owners' secrets only digests are kept.
// Nothing secret is taken from a query or a cookie.
//
// # Drops
//
//	POST   /d             {"id","bytes","chunks","ttl_s","downloads","owner","mailbox","envelope"}  201, or 200 to who began it
//	POST   /d/ID/missing  digests, 32 bytes each: those that are not there come back
//	PUT    /d/ID/DIGEST   a sealed chunk: 201, or 200 where it was
//	POST   /d/ID/commit   how many are the manifest's (4 bytes, big endian), all digests
//	GET    /d/ID          what it is · /d/ID/list what commit got · /d/ID/DIGEST a chunk, Range
//	POST   /d/ID/take     {"claim"} counts a download, /d/ID/taken ends it
//	DELETE /d/ID          takes it away
//	GET    /d?mine · /d?mailbox=HEX
//
// # Blobs
//
//	PUT    /SERVER/DIGEST  the bytes; Content-Type, Bargee-Name, Bargee-Tags (with commas), Bargee-Meta-KEY, Bargee-TTL
//	                       (seconds); percent-encoded. With Content-Range: bytes FIRST-LAST/TOTAL a piece, in
//	                       order: 202 until the last; bytes */TOTAL without a body asks how much is there
//	GET, HEAD              one Range; ETag is the digest
//	PATCH                  {"name","type","tags","meta","ttl_s"}
//	DELETE
//	GET    /SERVER         how it is · DELETE ends the relay, where that is allowed
//	GET    /SERVER/list    ?tag=&account=&after=&limit= · /zip ?digest=&tag=&name= (or POST {"digests","tags"})
//	GET    /SERVER/history, /stats   ?from=&to=&account=&method=&status=&digest=&limit=&offset=
//	GET    /SERVER/events  server-sent events, ?tag=&kind=; Last-Event-ID goes on
//
// # Errors
//
// {"error":{"kind","message"}} with the status; kinds are those of the commands. What is
// not known, or not one's own, is 404 whatever is wrong with it.
//
//	400 invalid · 401 auth · 403 permission, auth · 404, 410 not-found · 405 · 408 timeout · 409 exists, invalid · 411
//	412 exists · 413 limit · 416 · 422 integrity · 423 busy · 501 version · 503 unreachable · 507 limit, no-space
//
// What net/http itself says to what is no request (400, 431 limit, 501) is JSON as well,
// but within TLS or a link, where nobody else than net/http sees its words: those are
// text there.
//
// # Limits
//
// While the bucket is away all that is about drops and blobs is 503 with Retry-After,
// and goes on by itself when it is back (Config.Later, Handler.Open).
//
// A header has 16 KiB and 5 s. A body brings 1 KiB/s after 10 s, and a byte in 30 s; an
// answer is taken in pieces of 1 MiB, each within 2 minutes.
package web
