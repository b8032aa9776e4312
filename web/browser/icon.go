package browser

import "html/template"

// Icon is a small picture that goes with words. An unknown name is no picture.
func Icon(name string) template.HTML {
	shape := shapes(name)
	if shape == "" {
		return ""
	}
	// All of it is part of the program.
	return template.HTML(`<svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">` + shape + `</svg>`) //nolint:gosec // see above
}

// shapes are strokes on a field of 20 by 20.
func shapes(name string) string {
	switch name {
	case "home":
		return `<path d="M3 9.2 10 3.5l7 5.7M5 8v8.5h10V8M8.3 16.5v-5h3.4v5"/>`
	case "overview":
		return `<path d="M3.5 3.5v13h13M6.5 13.5v-3M10 13.5v-6M13.5 13.5V5"/>`
	case "users":
		return `<circle cx="7.5" cy="7" r="3"/><path d="M2 16.5c.5-3.2 2.7-4.7 5.5-4.7s5 1.5 5.5 4.7M13 4.3a3 3 0 0 1 0 5.4M15 12.2c1.7.6 2.7 2.1 3 4.3"/>`
	case "user":
		return `<circle cx="10" cy="6.8" r="3.3"/><path d="M3.5 17c.6-3.6 3.1-5.3 6.5-5.3s5.9 1.7 6.5 5.3"/>`
	case "sessions":
		return `<rect x="2.5" y="3.5" width="15" height="10" rx="1.5"/><path d="M7 17h6M10 13.5V17"/>`
	case "device":
		return `<rect x="5.5" y="2" width="9" height="16" rx="2"/><path d="M8.8 15.3h2.4"/>`
	case "key":
		return `<circle cx="6.5" cy="13.5" r="3.5"/><path d="m9 11 7.5-7.5M13.2 6.8l2.3 2.3"/>`
	case "code":
		return `<rect x="2" y="5" width="16" height="10" rx="2"/><path d="M5.7 10h.1M9.95 10h.1M14.2 10h.1"/>`
	case "audit":
		return `<path d="M5 2.5h7.5L16 6v11.5H5zM12 2.7V6.5h3.7M7.7 10h5.6M7.7 13.5h5.6"/>`
	case "token":
		return `<circle cx="10" cy="10" r="7.3"/><path d="m10 6 3.5 4-3.5 4-3.5-4z"/>`
	case "exemption":
		return `<path d="M10 2.5 16.5 5v4.5c0 4-2.7 6.7-6.5 8-3.8-1.3-6.5-4-6.5-8V5zM6 6l8.2 8.2"/>`
	case "pending":
		return `<circle cx="10" cy="10" r="7.3"/><path d="M10 5.7V10l3 2"/>`
	case "organizations":
		return `<path d="M3.5 17.5v-14h7v14M10.5 8h6v9.5M2 17.5h16M6 7h2M6 10.3h2M6 13.6h2M13 11.2h1.2M13 14.2h1.2"/>`
	case "health":
		return `<path d="M2 10.5h3.8l2-5.5 3.7 10 2-4.5H18"/>`
	case "help":
		return `<circle cx="10" cy="10" r="7.3"/><path d="M7.8 7.7c.2-1.3 1-2 2.3-2 1.4 0 2.3.8 2.3 2 0 1.7-2.3 1.8-2.3 3.6M10 14.3v.1"/>`
	case "good":
		return `<circle cx="10" cy="10" r="7.3"/><path d="m6.5 10.3 2.4 2.4 4.6-5.2"/>`
	case "bad":
		return `<circle cx="10" cy="10" r="7.3"/><path d="m7.3 7.3 5.4 5.4M12.7 7.3l-5.4 5.4"/>`
	case "warn":
		return `<path d="M10 3 18 17H2zM10 8v4.3M10 14.6v.1"/>`
	case "info":
		return `<circle cx="10" cy="10" r="7.3"/><path d="M10 9v5M10 6v.1"/>`
	case "empty":
		return `<path d="M2.5 11.5 5 4h10l2.5 7.5V16h-15zM2.5 11.5h4.3c.3 1.6 1.5 2.5 3.2 2.5s2.9-.9 3.2-2.5h4.3"/>`
	case "search":
		return `<circle cx="8.7" cy="8.7" r="5.2"/><path d="m12.6 12.6 4.4 4.4"/>`
	case "out":
		return `<path d="M11.5 3.5h-8v13h8M8.5 10h9M14 6.5 17.5 10 14 13.5"/>`
	case "lock":
		return `<rect x="4" y="8.7" width="12" height="8.8" rx="1.5"/><path d="M6.5 8.7V6.2c0-2.2 1.5-3.7 3.5-3.7s3.5 1.5 3.5 3.7v2.5"/>`
	case "external":
		return `<path d="M8 4H4v12h12v-4M11 3.5h5.5V9M16 4l-7 7"/>`
	case "previous":
		return `<path d="M12.5 4.5 7 10l5.5 5.5"/>`
	case "next":
		return `<path d="M7.5 4.5 13 10l-5.5 5.5"/>`
	default:
		return ""
	}
}
