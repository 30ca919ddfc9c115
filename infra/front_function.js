// The collectors' front: a CloudFront Function (cloudfront-js-2.0) for the viewer request. Why it is there: docs/adr/0009-compressed-bodies-pass-a-front.md.
// Its twin for the local run is cli/local/front.py; a test holds the two to the same table.

// Where a site's own CDN serves the collector under a path, say '/collect': taken off here, because the collector knows no prefix.
const PREFIX = '';

function handler(event) {
    const request = event.request;
    // An HTTP API hands text/*, JSON, XML and JavaScript on as text, which destroys what is compressed; this type it hands on as bytes. For every
    // POST, not only where Content-Encoding says so: a function sees no body, and not every client says that it compresses.
    if (request.method === 'POST') {
        request.headers['content-type'] = { value: 'application/octet-stream' };
    }
    // Whatever the client wrote there is replaced. The collector believes it only beside the header that the front adds for the origin.
    request.headers['x-ariane-viewer'] = { value: event.viewer.ip };
    if (PREFIX && request.uri.startsWith(PREFIX + '/')) {
        request.uri = request.uri.slice(PREFIX.length);
    }
    return request;
}
