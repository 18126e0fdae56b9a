// Package web tests the page of a relay in Chromium, and in Firefox where there is one
// (bidi_test.go), against a relay that is started for each test. It is a module of its
// own, so that what drives a browser is no dependency of bargee's.
//
//	go test                     builds bargee and runs all; BARGEE=PATH takes one that is built
//	PICTURES=DIR go test        keeps screenshots, to be looked at
//	SPEED=1024 go test -run Speed -v    says how fast 1 GiB is left and taken
//
// Between the page and the relay there is a proxy (relay_test.go), which flips bits,
// answers late or not at all. A page that throws, or asks anybody but its relay,
// fails its test (browser_test.go).
package web
