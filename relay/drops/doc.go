// Package drops keeps drops for those who are not online: files that somebody has
// sealed, in chunks, for somebody who takes them later. A Store sees digests, sizes
// and times; the keys never come here.
//
//	Store      all that can be asked for, over a bucket          (store)
//	upload     begin, what is missing, chunks, commit            (upload)
//	download   info, list, chunks, claims, mailboxes             (download)
//	Keep       removes what is over, and what was interrupted    (sweep)
//	rules      when a drop is over, whether a clock counts: pure (rules)
//	Limits     and Quota: who may hold how much: pure            (quota)
//	layout     keys and what small objects look like             (layout)
//	types      ids, digests, secrets and their text; errors      (types)
//
// # What is promised
//
// What was acknowledged outlasts a crash at any moment: a chunk when PutChunk
// returned, a drop when Commit did, a removal when Remove did. A drop is seen by
// others from its Commit on, whole, until it is removed, and never in between.
// Everything is said in objects that are put once, where there is none, and never
// change: the record (Begin), chunks, the list (Commit), a slot for each download
// (Take), a tombstone (Remove). So nothing has to be repaired after a crash, and
// several relays can use one bucket.
//
// A tombstone comes before anything is removed and stays for two days, for as long the
// id cannot be used again. Chunks that came too late for a removal are removed later.
//
// # Room
//
// A drop holds what it announced, against its account's quota, that of all and the
// disk, from Begin until it is removed; a commit gives back what was too much. An
// upload that was resumed may have chunks in the store that its list will not have: it
// may grow to twice its size and 64 MiB, if there is room.
//
// Relays that share a bucket count what the others took in before they take in
// something: two that do so in the same moment may together go over by that.
//
// # Time
//
// Drops expire by the wall clock, since a restart must not prolong them. From that
// second on they are not given out. They are removed when the clock has gone on for 15
// minutes without a jump: one that shows the wrong year for a moment costs nobody a
// drop.
package drops
