/** An orders API in NestJS that takes the access tokens of an authorization server. */
import 'reflect-metadata'
import { getAuth, Public, protect, RequireRoles, RequireScopes } from '@countersign/resource-server/nest'
import { Controller, Get, HttpException, Module, Req } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'

const { ISSUER: issuer = '', AUDIENCE: audience = '', PORT = '3000' } = process.env

@Controller()
class OrdersController {
  @Get('public')
  @Public()
  read() {
    return { message: 'Anyone may read this.' }
  }

  @Get('orders')
  @RequireScopes('orders:read')
  list(@Req() request: object) {
    return { orders: [{ id: 1, item: 'coffee', customer: getAuth(request).claims.sub }] }
  }

  @Get('admin')
  @RequireRoles('admin')
  administer() {
    return { message: 'Only for administrators.' }
  }
}

@Module({ controllers: [OrdersController] })
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] })
// Global: a route that nobody thought of is protected too.
app.useGlobalGuards(protect({ issuer, audience, exception: HttpException }))
await app.listen(Number(PORT), '127.0.0.1')
console.log(`Listening on ${await app.getUrl()}`)
