// Killtest shows that kill -9 costs a transfer little: it copies a file between
// two bargee processes, kills one or both at a random moment, runs the copy
// again, and holds the result against what bargee promises:
//
//   - nothing stands under the file's name before all of it was verified;
//   - the rerun ends with a copy that is bit-identical, and leaves no partial;
//   - bytes_sent + bytes_resumed of its done event make up the file;
//   - bytes_sent exceeds what was not yet verified when the process was killed
//     (by the last progress event before that) by at most 16 MiB.
//
// Uploads and downloads take turns, so each role is played by the command and
// by the server. The role "reconnect" kills and restarts the server alone and
// lets the command find it again by itself.
//
// It prints a line for each round and a summary, and exits with 1 if anything
// was violated. The same seed makes the same choices; what they meet depends on
// the machine.
package main
