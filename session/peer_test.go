package session

import "github.com/bargee/bargee/internal/wire"

// chunkMessage is the header of a chunk.
func chunkMessage(id, index uint64, data []byte, v value) *wire.Chunk {
	return &wire.Chunk{Id: id, Index: index, Length: uint32(len(data)), Value: v[:]}
}
