// Package journal keeps lines that several processes append to one file, and no
// more of them than there is room for: where the file is full it becomes the one
// before, whose place it takes.
//
// Each line is whole: who writes or takes lines away holds a lock, PATH.lock, which
// ends with the process however that ends. A line that was cut by a full disk or a
// lost machine is a line that its reader does not understand, and the next one
// begins anew.
package journal
