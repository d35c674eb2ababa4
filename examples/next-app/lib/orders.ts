/** Owns the orders. */
export interface Order {
  readonly id: number
  readonly item: string
  readonly customer: string | undefined
}

/** Lists the orders of a customer. */
export function ordersOf(customer: string | undefined): readonly Order[] {
  return [{ id: 1, item: 'coffee', customer }]
}
