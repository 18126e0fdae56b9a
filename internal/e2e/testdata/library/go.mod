// What the author of another program would write; the test lets the go command
// add the rest to a copy.
module example.com/library

go 1.26

require github.com/bargee/bargee v0.0.0

replace github.com/bargee/bargee => ../../../..
