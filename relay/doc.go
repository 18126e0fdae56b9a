// Package relay stands between two peers that cannot meet.
//
// Its forwarding, rooms and quotas are the subject of the relay's own work; until
// then nothing in bargee claims to have a relay, and demo runs without one.
package relay
