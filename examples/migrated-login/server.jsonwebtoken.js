const jwt = require('jsonwebtoken')
const bcrypt = require('bcryptjs')
const express = require('express')

const { ACCESS_TOKEN_SECRET, REFRESH_TOKEN_SECRET, PRIVATE_KEY, PUBLIC_KEY, PORT = '3000' } = process.env

const users = []
let refreshTokens = []

const app = express()
app.use(express.json())

app.post('/register', async (req, res) => {
  const { username, password } = req.body
  if (!username || !password) return res.status(400).json({ message: 'Username and password are required' })
  if (users.some((user) => user.username === username)) return res.status(409).json({ message: 'Username is taken' })
  const user = { id: users.length + 1, username, passwordHash: await bcrypt.hash(password, 10) }
  users.push(user)
  res.status(201).json({ id: user.id, username })
})

app.post('/login', async (req, res) => {
  const { username, password } = req.body
  const user = users.find((candidate) => candidate.username === username)
  if (!user || !(await bcrypt.compare(password, user.passwordHash))) {
    return res.status(401).json({ message: 'Wrong username or password' })
  }
  const accessToken = generateAccessToken(user)
  const refreshToken = jwt.sign({ id: user.id, username: user.username }, REFRESH_TOKEN_SECRET, { expiresIn: '7d' })
  refreshTokens.push(refreshToken)
  res.json({ accessToken, refreshToken })
})

app.post('/token', (req, res) => {
  const refreshToken = req.body.token
  if (refreshToken == null) return res.sendStatus(401)
  if (!refreshTokens.includes(refreshToken)) return res.sendStatus(403)
  jwt.verify(refreshToken, REFRESH_TOKEN_SECRET, (err, user) => {
    if (err) return res.sendStatus(403)
    res.json({ accessToken: generateAccessToken(user) })
  })
})

app.delete('/logout', (req, res) => {
  refreshTokens = refreshTokens.filter((token) => token !== req.body.token)
  res.sendStatus(204)
})

app.get('/profile', authenticateToken, (req, res) => {
  res.json({ user: req.user })
})

app.get('/session', (req, res) => {
  try {
    const { header, payload } = jwt.verify(readToken(req), PUBLIC_KEY || ACCESS_TOKEN_SECRET, { complete: true })
    res.json({ algorithm: header.alg, expiresAt: new Date(payload.exp * 1000) })
  } catch (err) {
    if (err instanceof jwt.TokenExpiredError) {
      return res.status(401).json({ message: 'Please sign in again', expiredAt: err.expiredAt })
    }
    res.status(401).json({ name: err.name, message: err.message })
  }
})

function generateAccessToken(user) {
  const payload = { id: user.id, username: user.username }
  if (PRIVATE_KEY) return jwt.sign(payload, PRIVATE_KEY, { algorithm: 'RS256', expiresIn: '15m' })
  return jwt.sign(payload, ACCESS_TOKEN_SECRET, { expiresIn: '15m' })
}

function readToken(req) {
  const authHeader = req.headers.authorization
  return authHeader?.split(' ')[1]
}

function authenticateToken(req, res, next) {
  const token = readToken(req)
  if (token == null) return res.sendStatus(401)

  jwt.verify(token, PUBLIC_KEY || ACCESS_TOKEN_SECRET, (err, user) => {
    if (err) return res.sendStatus(403)
    req.user = user
    next()
  })
}

const server = app.listen(Number(PORT), '127.0.0.1', () => {
  console.log(`Listening on http://127.0.0.1:${server.address().port}`)
})
