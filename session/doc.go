// Package session is what two peers say to each other about files.
package session
