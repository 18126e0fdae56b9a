package transport

// A RoomName is what two peers know, and a relay makes nothing of: both get into
// the same room by it. It tells nothing of a token; the number of a code and a name
// that somebody chose can be found out from it by trying, and are no secrets. A
// phrase has no room of its own: trying would find it too, and nobody would notice.
type RoomName [32]byte

// RoomOfCode is the room of a code's number.
func RoomOfCode(number string) RoomName { return roomOf([]byte(number), "bargee room code v1") }

// RoomNamed is the room of a name that both sides know, for a phrase: a word that
// people agreed on, or a number that one side made up and told (NewRoomNumber).
func RoomNamed(name string) RoomName { return roomOf([]byte(name), "bargee room name v1") }

func roomOf(secret []byte, label string) RoomName { return RoomName(derive(secret, nil, label)) }
