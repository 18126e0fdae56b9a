// Package archtest holds the rules of the house, as tests with their reasons:
// which room may know which ([rooms]), where a library lives ([libraries]),
// what a room must not touch ([bans]), what may lie at the top of the
// repository, how long a file may be, and which versions are pinned.
//
// A rule that is in the way is changed here, with its reason, in the commit
// that needs it; there is no other list of exceptions. The package reads the
// source of every platform with go/parser and links nothing of bargee.
package archtest
