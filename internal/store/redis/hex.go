package redis

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"mfaserver/internal/store/record"
)

// hexTime is t as indexes and scripts compare it: 16 digits that sort as the
// times do, to the nanosecond.
func hexTime(t time.Time) string {
	return fmt.Sprintf("%016x", uint64(record.Nanos(t))^(1<<63)) //nolint:gosec // the bits, with the sign turned round so that they sort
}

// hexTimeSize is the length of a hexTime.
const hexTimeSize = 16

// earliest and latest bound all times.
const earliest = "0000000000000000"

func hexKey(k [32]byte) string { return hex.EncodeToString(k[:]) }

// parseKey reads what hexKey wrote; false when it is something else.
func parseKey(text string) (k [32]byte, ok bool) {
	if len(text) != 2*len(k) {
		return k, false
	}
	_, err := hex.Decode(k[:], []byte(text))
	return k, err == nil
}

// ttl is how long the server keeps what is over at end, in milliseconds: long
// enough for a sweep to find it. Nothing depends on it but the server's memory.
func ttl(end, now time.Time) string {
	const grace, most = 24 * time.Hour, 10 * 365 * 24 * time.Hour
	left := min(max(end.Sub(now), 0), most) + grace
	return strconv.FormatInt(left.Milliseconds(), 10)
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
