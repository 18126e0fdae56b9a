// Package preview turns the contents of files into lines of cells: text, hex,
// pictures, lists of what archives hold. It opens nothing and waits for nobody:
// what it reads comes as bytes or as an io.ReaderAt, what it makes are Lines for
// a width.
//
// Contents are any bytes, made by anybody. They reach a Line only as cells.Text,
// so that no byte of a file steers the terminal. What a header claims (pixels,
// lengths, counts) is held against a limit before memory is spent on it.
//
//	code.go       how bytes are letters: UTF-8, UTF-16, and whether at all
//	rows.go       letters as rows of a width
//	hex.go        bytes as rows
//	pager.go      a page of a file of any size, and the ones before and after
//	window.go     the parts of a file that were read, and how much that was
//	search.go     where a pattern comes next, or came last
//	kind.go       what a file is, from its first bytes
//	picture.go    pictures as half-blocks
//	archive.go    what archives hold
package preview
