// A socket of jszmq. Reads lines from the test and writes lines to it.
//
//     node peer.js KIND connect URL
//     node peer.js KIND bind PATH       prints the URL
//
// Input:  "send A B"  sends the frames A and B      "subscribe T"      "close"
// Output: "got A B"   received the frames A and B   "bound URL"
//
// A frame of the form *N is N bytes of "x".
const http = require('http')
const readline = require('readline')
const zmq = require('jszmq')

const [kind, how, where] = process.argv.slice(2)
const socket = zmq.socket(kind)
let last = []

function encode(frame) {
  const text = frame.toString()
  return text.length > 100 && /^x*$/.test(text) ? `*${text.length}` : text || '""'
}

function decode(frame) {
  if (frame === '""') return ''
  return frame.startsWith('*') ? 'x'.repeat(Number(frame.slice(1))) : frame
}

socket.on('message', (...frames) => {
  last = frames
  // The routing id of a peer is binary.
  const shown = kind === 'router' ? frames.slice(1) : frames
  console.log(['got', ...shown.map(encode)].join(' '))
})

if (how === 'connect') {
  socket.connect(where)
} else {
  const server = http.createServer()
  server.listen(0, '127.0.0.1', () => {
    const url = `ws://127.0.0.1:${server.address().port}${where}`
    socket.bind(url, server)
    console.log(`bound ${url}`)
  })
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const [word, ...rest] = line.split(' ')
  if (word === 'send') {
    const frames = rest.map(decode)
    socket.send(kind === 'router' ? [last[0], ...frames] : frames)
  }
  if (word === 'subscribe') socket.subscribe(rest.join(' '))
  if (word === 'close') {
    socket.close()
    setTimeout(() => process.exit(0), 100)
  }
}).on('close', () => process.exit(0))
