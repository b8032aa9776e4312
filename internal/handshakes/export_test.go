package handshakes

import (
	"context"
	"net"
)

// TurnOf is [Gate.Turn] without a handshake.
func (g *Gate) TurnOf(ctx context.Context, c net.Conn) error { return g.turnOf(ctx, c) }
