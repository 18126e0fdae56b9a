// Package session is what two peers say to each other about files: browsing a
// tree, changing it, and transfers that are verified, resumed and never leave a
// half-written file under a final name. It knows transport's links and streams,
// but not how they reach a peer; it knows disks, but no screen.
//
// # Where to begin
//
// A program that serves opens a directory ([OpenDir]), an endpoint with who may
// enter (transport.Listen with an Admission), and calls [Server.Serve], which
// returns after [Server.Close] or when its context ends. One that asks dials a link
// (transport.Endpoint.Dial) and has a tree in [NewRemote]: it lists, searches,
// watches and changes it, opens files for reading ([OpenAt]) and writing ([Create]),
// and sees it as an [io/fs.FS] ([FS]). [Copy] copies between two trees, once, and [Sync]
// makes a directory of one like one of the other;
// an [Engine] keeps peers connected, has a queue that outlasts the program, and
// makes directories alike ([Engine.Sync]). The examples are whole programs but for
// their first lines.
//
// Names come and go as [Path] and are raw bytes; what is shown to a person goes
// through [Display]. Errors are of the type [*Error]. Whatever waits takes a context;
// methods may be called from several goroutines where nothing else is said. There is
// nothing to set for a whole process; what its transfers share are buffers (Memory
// below) and a bound on watches.
//
// # The parts
//
//	Tree            a directory tree: Dir (a jail; dir, disk_*), Host (this machine), Remote (a peer)
//	watches         what changes in directories               (watch, watch_hub)
//	Server          answers a peer's requests against a Dir, or an Offer: serve_* what remote_* ask
//	Deed, Guest     what peers did with what a Server serves, and who is there   (deed, amend_deed, guests)
//	Offer           what is given away once, and who took it     (offer, offer_tree, offer_taker)
//	Copy            one transfer over one link                (copying, ledger, ending, outbox)
//	Engine          the queue: places, jobs, attempts, conflicts, counts (engine_*, queue_*, places_*)
//	Store           what keeps the queue                          (store, queue_keep, engine_restore)
//	sender          walks, announces, sends what is wanted        (sender, walk, feed, outfile, pool, names_out)
//	receiver        answers, verifies, stores, commits            (receiver, plan, answer, collect, infile, names_in)
//	conduit         what two peers copy between them, asked by us (conduit, tally)
//	Straight        its data, from the one to the other           (straight*, conduit_straight)
//	flow            how fast, and how small                       (throttle, share, limit, flow, compress, squeeze, room)
//	partial         the unfinished file, its lock and its journal (partial, journal, sweep)
//	delta           what an old file has is not sent              (delta_send, delta_receive, signature, recipe, cuts)
//	reuse           what the tree has elsewhere is copied there   (reuse, reuse_index, clone)
//	Draft           a file that is written in place (draft, remote_draft, serve_draft)
//	Glob            what a pattern of a path stands for          (glob)
//	Sync            makes a directory like another one, with or without an Engine (sync*, scan*, amend*, hold, ignore)
//	Depot           what keeps drops; a relay is one, by internal/depot (depot)
//	Deposit         leaves files sealed at a depot (deposit*; the format is internal/drop's)
//	Drop            what lies there, as a Tree, and how it is taken (drop, drop_take, drop_tree, drop_fetch, ...)
//	DropBox         the drops of a relay as a place of an Engine (drop_box*, drop_place)
//	FS              any Tree as io/fs                            (fs, fs_file)
//
// It is one package, since its parts share what they must not show: the table of files
// that are under way, the words of a transfer, descriptors below a jail. What needs none
// of that is in packages of its own: the format of drops, the database of the queue,
// deeds on disk, WebDAV.
//
// Sender and receiver are roles: in an upload the side that asked sends, in a
// download it receives, and a copy on one machine is a transfer over a link in
// memory. In one from peer to peer it is neither: it asks both, and hands on what
// they say, message by message and chunk by chunk. What decides is apart from what does: assembly, lifecycle, retries,
// meter, layout and questions are plain types without goroutine or clock.
// TestSimulation runs all of them together through random schedules of cuts,
// crashes and faults of the disk, each of which a seed stands for.
//
// # The protocol
//
// The schemas in internal/wire are its specification: handshake.proto is
// transport's; session.proto has the requests, transfer.proto the order of a
// transfer's messages, values.proto the kinds of errors; limits.proto says how
// messages are framed. Every limit is an option beside its field, and whoever
// breaks one is refused before the value is used.
//
// testdata/transcripts has conversations, byte for byte: list, names, stat, scan, amend, hold,
// describe, watch, measure, find, glob, delete, chmod, symlink, unknown, offer, draft, upload,
// resume, delta, cancel, download, picks and straight (a login is in transport/testdata). A line
// says who speaks on which stream, the next one has the bytes in hex. Tests
// replay each with a real server and with a real asker in turn, so that either
// end can be written from them. A transfer there has one data stream, so that
// it is the same each time; with more, the order of chunks is the network's.
//
// What is offered is a tree of its own: files and directories that may lie apart,
// each under its name, which nobody changes. Who asks for the offer is told what it
// comes to and says yes, no with a reason, or in the end that it has all; the data
// is fetched as from any tree.
//
// A request is a stream: Request, then the answer, then the end. An error comes
// as wire.Error with its Kind in place of the answer. A transfer is a manifest
// stream and data streams:
//
//	sender                                receiver
//	Announce id 1, 2, 3 ...          ->
//	                                 <-   Claims for 2, Answer WANT 1, HAVE 3, WANT 2
//	                                 <-   Cuts for 1, of the old file in its place
//	Chunk headers and bytes          ->   (data streams)
//	                                 <-   Acks, per stream, of what is verified and stored
//	Complete 2, digest               ->   when every chunk of 2 is acknowledged or claimed
//	End                              ->   when the walk is over
//	                                 <-   Result 1, Result 2, Finished
//
// An entry at the receiver goes through these states; what is not in the list
// is a Protocol error and ends the transfer:
//
//	asking      Announce came. Decided at once, or after a Digest (same size as
//	            an existing file, here or elsewhere in the tree), a Decide (conflict, policy ASK) or the end of
//	            the entry that it is a link to
//	wanted      WANT went out. Chunks come in; Complete is awaited unless the
//	            file is one chunk
//	committing  every chunk verified and the digest right: metadata, rename
//	over        Result, or HAVE, SKIP, REFUSE, LINKED in place of WANT
//
// # Directories of any size
//
// Names are told without a look at what they are of: a million take half a
// second of a processor here, and two thirds of one at both ends of a link
// together. The first 100 go out at once, the rest in messages of 48 KiB;
// neither end keeps more of them than a message has, and what the peer sends
// ahead of whoever reads is bounded by flow control. What else there is to know
// is asked for by name, 1024 at a time.
//
// To watch a directory is a request that stays: the system is asked by a
// descriptor of the directory itself, so that no link and no race leads it
// elsewhere, and tells what changed (inotify; on Windows
// ReadDirectoryChangesW). It is passed on four times a second at the most, as up
// to 256 names or as "read again". Every 2 s the directory is looked at besides:
// whether its path leads there still, and whether its time changed without a
// word, as on disks of other machines; on macOS and FreeBSD, where a watch would
// open every file, that is all. 16 directories are watched for a link and 256
// for a process.
//
// Measuring and searching happen where the files are, 8 at a time for a link.
// They follow no link, count a file with several names once, and tell how far
// they are four times a second. At a peer of a version that does not know these
// requests they are walks by List from here, of 1000 directories at the most;
// names come by List then, and a directory is looked at every 2 s.
//
// # Making directories alike
//
// Engine.Sync has each side scanned where it is: a directory with all its entries,
// then those below it, in an order of names that both have in common (Scan in
// session.proto). So the two are held against each other as they come, and what is
// kept is what differs, some 200 bytes for each. 100,000 entries are 5 MiB on the
// wire, and a fifth of a second of a processor at either end, nearly all of it the
// system's. The plan (sync_plan, sync_moves) is made before anything is changed:
//
//	case    a name in upper and lower case, where the destination folds them
//	clear   what is in the way of something of another kind; only with Delete
//	move    a file that only the destination has, to where the source has one of the
//	        same size, time and, asked for at both ends, digest; only with Delete
//	copy    what is new or has another size or time, by a transfer that is told what
//	        to announce (Picks in transfer.proto)
//	remove  what only the destination has; only with Delete
//	set     modes and times, of directories last
//
// It is carried out in this order. What is there is changed by steps (Amend) that say
// what was seen: kind, size, time, target and inode. What is not that any more stays,
// and is an item that failed. A directory is removed when there is nothing left in it,
// never with what is in it. If anything failed, nothing is removed that only the
// destination has. What filters leave out of the scan is in no plan.
//
// That one lies within the other, by way of a peer that serves the same disk, is seen
// by the time of its directory, which gets another one for a moment: Invalid.
//
// Both directories are locked (Hold), the source for others that read it, too: a
// second sync of the same destination, or the other way round, is refused with Busy.
// A peer that does not know these requests is refused with the advice to update it.
//
// # From peer to peer
//
// Who asks for a copy between two peers tells each what the other one says, decides
// conflicts, and counts. The data goes straight (Straight, Direct in transfer.proto):
// the receiver lets the sender's key in for this transfer and nothing else, by a secret
// of 128 bits, and the sender dials it: at the addresses that it names, at the one at
// which the asker sees it, and at its relay; addresses are numbers, but for a relay's,
// and this machine's own are only for who is on it. Chunks wait a second for that; then, and whenever that link
// ends or has not answered for 3.5 s, they go by way of the asker, and it is tried
// again after 5, 10, 20 ... 60 s. The receiver tells the asker of each chunk that it
// verified. The limit of the transfer (Options.Limit) holds for such data, told as a
// Pace; that of an engine (SetLimit) does not, since it crosses none of its links.
//
// # Drops
//
// A Depot keeps sealed chunks for who is not there yet; a relay is one. Deposit plans
// what goes into a drop, names sorted, tells the depot how much that is, and then reads
// the files once, in order, while 8 chunks at a time are sealed and sent. Before the
// first byte leaves, key and owner's secret are on the disk (Options.State), and behind
// each chunk that is stored its nonce and digest: the same call, after whatever ended
// the first one, seals each chunk again under its old nonce, and only what comes to
// another digest is sent, under a new one. The manifest goes last, then the depot is
// told that the drop is whole; nobody sees it before.
//
// A Drop is a Tree, read from the depot chunk by chunk and opened in memory; what is
// copied out of it goes through the same receiver as any transfer, with its names,
// conflicts, partials and resumption. The values of chunks that were received are kept
// beside the claim that counts the download, so that what is on the disk already is
// held against them, and not fetched again. The manifest has a digest of each file, which
// is made while the file is read to be stored; the values of its chunks come to the same
// one at the receiver, else the file gets no name (Integrity).
//
// # Streams, lanes and chunks
//
// The asker keeps up three data streams more than the link has lanes (or
// Options.Streams of them), each on the lane with the fewest: they come and go
// with the lanes. A stream whose lane is taken away ends after what it carries;
// where the receiver is the one to know, it says enough in its Acks. A stream
// that dies gives back the chunks that were not acknowledged, and no others.
//
// A chunk is about what a stream brings in a twentieth of a second, 64 KiB to
// 4 MiB, unless Options.ChunkSize says otherwise: the receiver names it, file by
// file, by the size of the file, the round trip, the rate so far, the number of
// streams and the loss (chunksize.go). Before anything is known it is 1 MiB, and
// 128 KiB from a round trip of 20 ms on. All chunks of a transfer that are not
// acknowledged have 32 MiB.
//
// # What does not travel
//
// A file of 256 KiB or more that replaces another one (or is put beside it, by
// Rename) is sent as what is new in it. The receiver reads the old file and
// tells its cuts, pieces whose ends depend on their content, with a hash each;
// the sender cuts its own file, and makes chunks of parts of the old file and of
// literals. Chunks that the old file has all of go out while that is still read;
// the others wait for its end. What is verified and journaled is the chunk: an
// old file that changes meanwhile costs time, and never makes a wrong file. It
// stays until the new one takes its name. When a quarter of the file (64 MiB to
// 1 GiB) had next to nothing in common, the rest is sent whole. Cuts are as long
// as the root of the file's size, 64 KiB for a GiB, and so little is told of them
// (11 bytes each) that a GiB costs 180 KiB. Files above 1 TiB and transfers with
// Options.Whole do without.
//
// A file that is to be received is looked for in the directory that takes the
// transfer, and below: one of the same size (up to four, those with its time or
// name first) is compared by its digest, cloned or copied, read again and
// committed; it is Copied, and nothing was Sent. The index of the tree is made
// in the background when the first such file comes, in at most 5 s, of at most
// 32,768 files; no file waits for it longer than 1 s, or half a second for each
// GB of its own. Where files keep having a size and not the content, the
// receiver stops to ask.
//
// A server that is write-only does neither: the hashes, and whether a file is
// copied, would tell what it has to peers that must not read it.
//
// # What a transfer promises
//
// A chunk counts when its BLAKE3 value was verified by the receiver and it is
// in the partial. A file gets its name when all chunks are verified, those of
// an earlier run read again from the disk in this one, and together they make
// the digest that the sender computed from the same bytes. The sender checks
// identity (size, time, change time, inode) before the first and after the last
// chunk; a file that changed is announced anew, three times, then it fails with
// Changed.
//
// Partials are named by their destination, .bargee-HASH.part with
// .bargee-HASH.journal beside it, 0600, and locked by whoever writes them: a
// second writer is refused with Busy. They are kept through crashes, lost
// links, SIGINT and Pause; Cancel and a changed source remove them. A journal
// claims chunks, with a checksum per record, and only says where to start: the
// sender compares every claimed value with its own file, the receiver every
// claimed chunk with its disk. After a restart of the machine the disk is read
// before anything is claimed.
//
// A file of one chunk is in memory when it is verified. On Linux it is then
// written without a name and linked to its own, so that there is no partial of
// it; elsewhere, and where it replaces another, it has one for a moment.
//
// Without Options.Fsync this holds for crashes of processes; with it a file is
// on the disk when it is reported, also after a power cut.
//
// # What is kept beside bytes
//
//	mode, times   permission bits; modification times to the nanosecond, of links
//	              too. Directories get theirs last, when all in them is done.
//	links         symbolic ones verbatim. Another name of a file that was
//	              announced becomes a link to it; where that one failed, was
//	              skipped or cannot be linked to (on Windows, and where others may
//	              have planted it) it is sent as a file. The sender remembers
//	              131072 such files at a time; names of more are sent as files.
//	holes         chunks in one are neither read, sent nor written, and in a
//	              file that has some, blocks of zeros are left out. Both ends
//	              compute the values of all these zeros, since the digest is that
//	              of the whole file: a TiB takes each of them 250 s of a core.
//	              A file without holes gets none; one of 8 MiB or more has its
//	              room reserved on ext4, xfs and f2fs.
//	xattrs        with Options.KeepXattrs: of files and directories, what users
//	              set, 64 of them with 8 KiB at the most. A file with more, or a
//	              disk that keeps none, is an item that failed.
//
// A file that is found unchanged keeps what it has beside its bytes.
//
// # Files that are opened for writing
//
// Create makes a Draft, for programs that write a file bit by bit: it is written
// to a partial without a journal, and gets its name when it is closed. A link, a
// process or a context that ends before that leaves nothing of it, and nothing is
// resumed. What was written from start to end is held against its BLAKE3 value
// once more before it gets its name; bytes written here and there are as safe as
// QUIC's seal on each packet makes them. 64 files may be open for writing on a link.
//
// # Deadlines
//
// A Request is read within 10 s of its stream's opening, an answer makes
// progress every 30 s. A transfer in which the other side owes data or
// acknowledgements and nothing moves for Options.Timeout ends with Timeout and
// is attempted again: after 1, 2, 4 ... 60 s, Options.Retry times without
// progress; an unreachable peer every 1 to 4 s for Options.GiveUp.
//
// # How fast
//
// Reading, hashing, compressing and writing to the network overlap with each
// other and with the receiver's reading, verifying and storing, since each data
// stream has a chunk of its own under way at either end.
//
// A limit (Options.Limit, Engine.SetLimit, ServerConfig.Limit) is bytes a second
// on data streams: what is compressed counts as it is sent. The sender holds
// back: it obeys its own limits and the Pace that the receiver tells in Ready
// and whenever it changes, within 250 ms. A bucket begins empty and saves up 0.2 s
// at the most, so the figure is kept to 5 % over 4 s and more, from the first
// second on. What several transfers share is divided evenly among those that
// make use of it. A sender that does not say that it listens (an older one) is
// read from as slowly instead.
//
// With CompressAuto a chunk is compressed where a sample of its file shrinks by
// 5 % and the link, not the processor, is what a transfer waits for: the
// squeezer foretells the speed of each level from what it measures, tries what
// it believes to be faster, and keeps it only if it was. Chunks below 512 bytes
// are sent as they are. The receiver decodes a chunk into a buffer of its
// length: one that makes more or less ends the transfer with Protocol.
//
// # Memory
//
// Either end holds at most roomMost (32 MiB) of chunks of one transfer, or one
// chunk that is larger, and the transfers of a process share roomTotal (48 MiB),
// with at least roomLeast (4 MiB) for each: a receiver says in Ready how much it
// has room for, and a sender has no more than that unacknowledged, whatever the
// number of streams and the size of chunks. So 255 streams with chunks of 16 MiB
// have two under way at a time. Beside that there are 64 KiB for each of the
// first 16 data streams, 8 KiB for any other, and, once something is compressed,
// 1 to 3 MiB of zstd's tables for each processor and level.
//
// # What a peer can have us keep
//
// Messages have the limits of their schema. Besides those, a transfer keeps at
// most 32 MiB of entries that are not over, 64 MiB of bookkeeping for the chunks
// of those that are wanted (other files wait for their turn), 64 MiB of
// directories that get their times at the end, 8 MiB of words that the other
// side does not read, and the chunks of Ready.room. A peer that says what it may
// not say in a state, or goes beyond these, is told so and the transfer ends
// with Protocol or Limit: the tables are in lies_in_order_test.go.
//
// # The queue
//
// Transfers have their turn by priority, 0 to 10, and within one in an order that
// a person changes; Concurrency of them run at a time, and beside those what
// somebody waits for (Job.Foreground), what only waits for answers, and what
// waits for a secret. Page, History and Log show it, and cost what they return,
// not what the queue is long. A place that is expected (Engine.Expect) is dialled when
// a transfer of it has its turn. An engine that stands still (EngineConfig.Still) shows
// and changes a queue, and runs nothing.
//
// With a Store the queue outlasts the engine and a kill -9 of its process. What
// a person asked for (Submit, Pause, SetPriority, Answer, ...) is in the store
// when the call returns, and a transfer that Wait says is over is over there;
// counts are written once a second, all that changed in one go, and no transfer
// waits for it. The next engine shows the same order, priorities, pauses,
// answers, rules, limits and errors, runs what ran, and dials what that needs by
// itself. It has no secrets: where one is needed the transfer waits and names the
// peer, until Connect. What Job.Foreground was for fails with Interrupted, since
// nobody waits for it any more; Retry goes on with it. While the store fails, the
// queue goes on in memory, a Notice says so, and it catches up.
//
// Totals (Summary) are those of what waits and runs, and of what was done since
// the queue was empty; they are "so far" until all is counted, and until then no
// time is foretold. What is skipped or fails leaves them.
//
// # Two that pair
//
// A link has no master once it is open: each end may serve and ask. A place that
// Engine.Adopt made of a link that came in is as one that was dialled, but when
// its link dies it waits for its peer. What a peer gets to see is asked of
// EngineConfig.Serve, for dialled places too; it may change while they are linked.
//
// # Who owns what
//
// An Engine owns a goroutine per place and per running transfer; a transfer
// owns its loops (see sender and receiver) and ends them before it is over.
// Server.ServeLink owns one goroutine per request and returns when all are done,
// Server.Serve one for each link besides.
// Buffers of chunks are pooled and belong to one loop at a time. No lock is
// held while the network is used.
package session
