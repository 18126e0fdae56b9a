// Package page is the relay's web page: who has nothing but a browser leaves files
// with it and takes them. What it is made of lies in assets as it is written: HTML, a
// style sheet and modules of JavaScript, no build step and nothing of others.
//
//	index.html style.css icon.svg theme.js    what is seen, light and dark
//	app.js send.js receive.js                 the views: to leave, by / and to take, by /#KEY
//	gather.js table.js rate.js receipts.js    what was chosen, how far it is, what was left here
//	resume.js unfinished.js                   uploads that were interrupted, and what is kept of them
//	words.js dom.js work.js trusted.js        text for people, elements, the page's end of the worker
//	worker.js store.js take.js sinks.js       the worker: seals and sends, fetches and opens, saves
//	hasher.js hash.js                         a worker of the worker's: digests of whole files
//	relay.js                                  requests to the relay, made again until answered
//	drop.js ticket.js sha256.js zip.js        formats: drops (package drop of internal), tickets, digests, archives
//	sw.js                                     the service worker, that makes a download of a stream
//
// # What it does
//
// Files are cut, sealed by WebCrypto and sent while they are read, six chunks at once;
// no chunk waits for the one before it. The key is drawn in the browser and stands in the
// link behind the #, which no browser sends. Files are taken chunk by chunk, each with
// its digest, its place and its drop verified before a byte of it is saved:
//
//   - into memory up to 32 MiB, and saved only when all of it is verified;
//   - above that as a download that the service worker streams, several files as a
//     zip archive; one that fails in the middle is a failed download. Where a window has
//     no service worker, it goes through memory up to 1 GiB, and more is refused before
//     it counts as taken;
//   - into a chosen directory, where the browser can do that: a file there is put in its
//     place by the browser when it is closed, and nothing that is there is overwritten.
//
// An upload that a reload, a crash or a dead line ended goes on when the same files are
// chosen again: the browser's database keeps its key and two digests a chunk, that of
// what was read and that of what was sent. A chunk that still reads the same and is at the
// relay is not sent again; any other is sealed anew, with a nonce of its own. A download
// begins anew, by the same claim, so that it counts once; into a directory it
// goes on behind the files that are there.
//
// A relay that does not answer for a while is asked again for ten minutes. Drops that
// were left are listed in the browser's storage with their links and what it takes to
// remove them.
//
// # What it trusts
//
// Nothing but this page's files runs in it: its policy (Content-Security-Policy) has no
// inline script or style, no other origin and, where browsers know it, no string that
// becomes a script. Names and messages are set as text, and what cannot be seen in a name
// is shown by its number. But the page itself comes from the relay: an operator who
// changed it could have it give keys away. Who does not trust the operator takes and
// leaves drops with the program, which does not run what a relay sends.
//
// A browser has WebCrypto and service workers only on pages by https, and on
// localhost: elsewhere the page says so.
package page
