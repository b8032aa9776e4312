package web

import (
	"log/slog"
	"net/http"
	"time"
)

// HTTPServer returns an [http.Server] around h with the limits that the
// request policy counts on (threats T025, T177, T178): a deadline for the
// header, for the whole request and for idle connections, and room for a
// header a little larger than what the policy refuses by itself. The caller
// sets TLSConfig and serves.
func HTTPServer(h http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    maxHeaderBytes + 8<<10,
		// "OPTIONS *" goes through the policy like everything else.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
		HTTP2:                        &http.HTTP2Config{MaxConcurrentStreams: 100},
	}
}
