"""The service: a model behind HTTP and WebSocket, for programs.

`service.Service` holds what all requests share, `app.create_app` makes the FastAPI application on
it, and `server.serve` runs that on uvicorn. A request passes, from outside in: `protocols` (limits
on connections and their time-outs), `gate` (host, origin, key, rate; request id, log, metrics),
then its endpoint. Needs the extra "serve".
"""
