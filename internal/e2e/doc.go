// Package e2e tests bargee through the doors that people use: the binary, its
// screen in a terminal, its JSON, the commands of the README, and its packages
// as another Go module sees them. Nothing here imports the product.
//
//	bargee     starts the binary and reads its JSON
//	tape       reads and plays demo.tape, the script of the demonstration
//	terminal   a terminal to play it in (tmux)
//	picture    makes the README's picture from the tape
//	killtest   kills and reruns transfers: .ci/kill
//	faults     crashes, disks, power cuts and signals, by a catalogue
//
// What a test needs and this machine has not (tmux, say) makes it skip and say
// so; .ci/run installs it where it may.
package e2e
