// Package guests keeps what the peers of served directories did, and says who is
// there now, over all processes of a user that serve.
//
// # The book
//
// guests.jsonl has a line for each thing that a peer took, left, removed or renamed,
// once it is over, and one for each visit. It is bounded: what is dropped is added to
// the totals in guests-totals.json before, so that these are of all time. A line that
// cannot be read is passed over. It holds names of files, addresses and keys, and no
// secret; both are 0600.
//
// # The desk
//
// A process that serves writes who is there to serving/PID.json, a second after it
// changed at the latest, and holds the lock serving/PID.lock as long as it lives: who
// reads removes the files of those that do not.
package guests
