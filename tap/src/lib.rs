//! Other people's event streams: a relay to servers that a page cannot reach, and a reverse proxy that shows
//! what any client really receives.
