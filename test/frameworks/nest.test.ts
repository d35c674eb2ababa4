// Decorators are called here as the functions that they are, since type stripping runs no decorator syntax; examples/nest-api is
// compiled and has them in their usual place.
import 'reflect-metadata'
import {
  type AccessError,
  findAuth,
  getAuth,
  Public,
  protect,
  RequireAll,
  RequireRoles,
  RequireScopes,
  type RouteDecorator,
} from '@countersign/resource-server/nest'
import {
  Catch,
  Controller,
  Get,
  HttpCode,
  HttpException,
  Module,
  Post,
  Req,
  UseFilters,
  UseGuards,
} from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { type Application, type Parts, testFramework } from './conformance.ts'

const problemType = 'application/json'

testFramework('NestJS 11 on Express', (parts) => start(parts, new ExpressAdapter()), { problemType })
testFramework('NestJS 11 on Fastify', (parts) => start(parts, new FastifyAdapter()), { problemType })

type Adapter = ExpressAdapter | FastifyAdapter

async function start(parts: Parts, adapter: Adapter): Promise<Application> {
  const guard = (options: Parameters<typeof protect>[0] | object) =>
    UseGuards(protect({ ...(options as Parts['api']), exception: HttpException }))
  const { onRefusal: _, ...thrown } = parts.thrown

  class ApiController {
    answer(request: object) {
      return { sub: findAuth(request)?.claims.sub ?? null }
    }
    me(request: { auth: { claims: { sub: string } } }) {
      return { sub: request.auth.claims.sub }
    }
    create(request: { body: { item: string } }) {
      return { sub: getAuth(request).claims.sub, item: request.body.item }
    }
    open() {
      return { open: true }
    }
  }
  class Admin extends ApiController {
    admin(request: object) {
      return this.answer(request)
    }
    recent(request: object) {
      return this.answer(request)
    }
  }
  class Parted extends ApiController {
    named(request: { user: { claims: { sub: string } } }) {
      return { sub: request.user.claims.sub }
    }
  }

  class RefusalFilter {
    catch(error: HttpException, host: { switchToHttp(): { getResponse(): unknown } }) {
      const response = host.switchToHttp().getResponse() as { status(code: number): { send(body: object): void } }
      response.status(418).send({ caught: (error.cause as AccessError).code })
    }
  }
  Catch(HttpException)(RefusalFilter)

  const decorate = (type: { prototype: object }, name: string, decorators: (RouteDecorator | MethodDecorator)[]) => {
    Req()(type.prototype, name, 0)
    const descriptor = Object.getOwnPropertyDescriptor(type.prototype, name) as PropertyDescriptor
    for (const one of decorators) (one as MethodDecorator)(type.prototype, name, descriptor)
  }
  const route = (path: string, guards: MethodDecorator[], more: (RouteDecorator | MethodDecorator)[] = []) => {
    class Route extends ApiController {
      handle(request: object) {
        return this.answer(request)
      }
      handlePost(request: object) {
        return this.answer(request)
      }
    }
    Controller()(Route)
    decorate(Route, 'handle', [Get(path), ...guards, ...more])
    decorate(Route, 'handlePost', [Post(path), HttpCode(200), ...guards, ...more])
    return Route
  }

  class Orders extends ApiController {
    list(request: object) {
      return this.answer(request)
    }
    add(request: { body: { item: string } }) {
      return this.create(request)
    }
    whoAmI(request: { auth: { claims: { sub: string } } }) {
      return this.me(request)
    }
  }
  Controller('api')(Orders)
  guard(parts.api)(Orders)
  decorate(Orders, 'whoAmI', [Get('me')])
  decorate(Orders, 'list', [Get('orders'), RequireScopes('orders:read')])
  decorate(Orders, 'add', [Post('orders'), HttpCode(200), RequireScopes('orders:write')])

  Controller('api')(Admin)
  guard(parts.api)(Admin)
  decorate(Admin, 'admin', [Get('admin'), RequireRoles('admin', 'owner')])
  decorate(Admin, 'recent', [
    Get('recent'),
    RequireAll({ maxAuthAge: 300 }),
    RequireAll({ maxAuthAge: 300, acrValues: 'strong' }),
  ])

  Controller()(Parted)
  decorate(Parted, 'named', [Get('named'), guard(parts.named)])

  class Open extends ApiController {
    isOpen() {
      return this.open()
    }
  }
  Controller()(Open)
  guard(parts.api)(Open)
  decorate(Open, 'isOpen', [Get('open'), Public()])

  class App {}
  Module({
    controllers: [
      Orders,
      Admin,
      Parted,
      Open,
      route('optional', [guard(parts.optional)]),
      route('thrown', [guard(thrown)], [UseFilters(new RefusalFilter())]),
      route('cookie', [guard(parts.cookie)]),
      route('resource', [guard(parts.resource)]),
      route('broken', [guard(parts.broken)]),
    ],
  })(App)

  const app = await NestFactory.create(App, adapter, { logger: false })
  await app.listen(0, '127.0.0.1')
  return { url: await app.getUrl(), close: () => app.close() }
}
