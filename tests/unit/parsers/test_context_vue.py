"""Hand-labelled lines of Vue components: the options API, and `<script setup>` in both languages."""

from __future__ import annotations

import pytest

from tests.unit.parsers.labelled import Case, Sheet, describe

OPTIONS = """\
<template>
  <div class="orders">
    <order-filter :venues="venues" @search="load" />
    <el-table v-loading="loading" :data="rows">
      <el-table-column v-for="column in columns" :key="column.key" :label="column.title" />
      <template #default="{ row }">
        <span :title="row.id">{{ formatAmount(row.amount) }}</span>
        <el-button v-if="isOpen(row) &amp;&amp; !loading" @click="cancel(row); track('cancel')">x</el-button>
      </template>
    </el-table>
    <section id="totals"
             class="totals">
      <p>{{ total | money }}</p>
    </section>
  </div>
</template>

<script>
import { listOrders, cancelOrder } from '@/api/orders'
import OrderFilter from './OrderFilter.vue'
import debounce from 'lodash/debounce'
import { formatAmount } from '@/money'

const PAGE = 50

// Lists the orders of an account.
export default {
  name: 'OrderList',
  components: { OrderFilter },
  props: {
    account: { type: String, required: true },
  },
  data() {
    return {
      rows: [],
      loading: false,
      page: { number: 1, size: PAGE },
    }
  },
  computed: {
    // Sum of what is shown.
    total() {
      return this.rows.reduce((sum, row) => sum + row.amount, 0)
    },
    title: {
      get() {
        return this.account
      },
      set(value) {
        this.$emit('rename', value)
      },
    },
  },
  watch: {
    'page.number': function (next) {
      this.load(next)
    },
  },
  async created() {
    await this.load()
  },
  methods: {
    formatAmount,
    search: debounce(function (text) {
      this.load({ text })
    }, 300),
    async load(filter) {
      this.loading = true
      this.rows = await listOrders(this.account, { ...filter, size: PAGE })
    },
    /** Asks the venue. */
    cancel: (order) => {
      return cancelOrder(order.id)
    },
  },
}
</script>

<style scoped>
.orders .totals {
  color: red;
}
</style>
"""
DEFAULT = "object default > "
METHODS = DEFAULT + "key default.methods > "

OPTIONS_CASES = [
    Case(
        "<order-filter",
        chain="element template",
        starts="<template>",
        signature="<template>",
        called=("OrderFilter", "load"),
        imports=("import OrderFilter from './OrderFilter.vue'",),
    ),
    Case(
        "v-for=",
        chain="element template",
        starts="<template>",
        signature="<template>",
        called=("ElTableColumn",),
    ),
    Case(
        "{{ formatAmount",
        chain="element template",
        starts="<template>",
        signature="<template>",
        called=("formatAmount",),
        imports=("import { formatAmount } from '@/money'",),
    ),
    Case(
        "isOpen(row)",
        chain="element template",
        starts="<template>",
        signature="<template>",
        called=("ElButton", "isOpen", "cancel", "track"),
    ),
    Case(
        "{{ total",
        chain="element template > section template.totals",
        starts='<section id="totals"',
        signature='<section id="totals"\n         class="totals">',
    ),
    Case("const PAGE"),
    Case(
        "// Lists the orders",
        chain="object default",
        starts="// Lists the orders of an account.",
        signature="export default",
    ),
    Case(
        "name: 'OrderList'",
        chain="object default",
        starts="// Lists the orders of an account.",
        signature="export default",
        fields=("name: 'OrderList'",),
    ),
    Case(
        "components: {",
        chain="object default",
        starts="// Lists the orders of an account.",
        signature="export default",
        imports=("import OrderFilter from './OrderFilter.vue'",),
        fields=("components: { OrderFilter }",),
    ),
    Case(
        "required: true",
        chain=DEFAULT + "key default.props",
        starts="props: {",
        signature="props:",
        types=("String",),
    ),
    Case(
        "size: PAGE }",
        chain=DEFAULT + "method default.data",
        starts="data() {",
        signature="data()",
        fields=("page: { number: 1, size: PAGE }",),
    ),
    Case(
        "// Sum of",
        chain=DEFAULT + "key default.computed > method default.computed.total",
        starts="// Sum of what is shown.",
        signature="total()",
    ),
    Case(
        "this.rows.reduce",
        chain=DEFAULT + "key default.computed > method default.computed.total",
        starts="// Sum of what is shown.",
        signature="total()",
        called=("reduce",),
        fields=("rows: []",),
    ),
    Case(
        "this.$emit",
        chain=DEFAULT
        + "key default.computed > key default.computed.title > method default.computed.title.set",
        starts="set(value) {",
        signature="set(value)",
        called=("$emit",),
    ),
    Case(
        "this.load(next)",
        chain=DEFAULT + "key default.watch > function default.watch.page.number",
        starts="'page.number': function (next) {",
        signature="'page.number': function (next)",
        called=("load",),
    ),
    Case(
        "await this.load()",
        chain=DEFAULT + "method default.created",
        starts="async created() {",
        signature="async created()",
        called=("load",),
    ),
    Case(
        "this.load({ text })",
        chain=METHODS + "function default.methods.search",
        starts="search: debounce(function (text) {",
        signature="search: debounce(function (text)",
        called=("load",),
    ),
    Case(
        "this.rows = await",
        chain=METHODS + "method default.methods.load",
        starts="async load(filter) {",
        signature="async load(filter)",
        called=("listOrders",),
        imports=("import { listOrders, cancelOrder } from '@/api/orders'",),
        fields=("rows: []",),
    ),
    Case(
        "return cancelOrder",
        chain=METHODS + "function default.methods.cancel",
        starts="/** Asks the venue. */",
        signature="cancel: (order) =>",
        called=("cancelOrder",),
        imports=("import { listOrders, cancelOrder } from '@/api/orders'",),
    ),
    Case("color: red", chain="rule .orders .totals", starts=".orders .totals {", signature=".orders .totals"),
]

SETUP = """\
<script lang="ts">
export interface Row { id: string; amount: bigint }
</script>

<script setup lang="ts">
import { computed, onMounted, ref, watch } from 'vue'
import type { Order } from '@/types'
import { useOrders } from '@/composables/orders'
import AmountCell from './AmountCell.vue'

const props = defineProps<{ account: string; limit?: number }>()
const emit = defineEmits<{ (event: 'picked', order: Order): void }>()
const rows = ref<Row[]>([])
const { load, cancel } = useOrders(props.account)

// What is still open.
const open = computed(() => {
  return rows.value.filter((row) => row.amount > 0n)
})

const filters = {
  venue: 'SSE',
  since: new Date(),
}

watch(
  () => props.account,
  async (account) => {
    rows.value = await load(account)
  },
)

onMounted(() => load(props.account))

async function pick(order: Order): Promise<void> {
  const confirmed = await confirmPick(order)
  if (confirmed) emit('picked', order)
}

class Basket {
  private orders: Order[] = []
  add(order: Order) {
    this.orders.push(order)
  }
}
</script>

<template>
  <!-- the table -->
  <table id="orders"
    :class="{ wide: rows.length > 10 }">
    <tr v-for="(row, index) in open" :key="row.id" @click="() => pick(row as Order)">
      <td><AmountCell
        :amount="row.amount" /></td>
      <td>{{ index }} {{ format(row) }}</td>
    </tr>
  </table>
</template>
"""
TYPE = "import type { Order } from '@/types'"
TABLE = '<table id="orders"\n  :class="{ wide: rows.length > 10 }">'

SETUP_CASES = [
    Case(
        "export interface Row",
        chain="interface Row",
        starts="export interface Row { id: string; amount: bigint }",
        signature="export interface Row",
        fields=("id: string", "amount: bigint"),
    ),
    Case("const props", called=("defineProps",)),
    Case("const emit", called=("defineEmits",), types=("Order",), imports=(TYPE,)),
    Case(
        "const rows",
        called=("ref",),
        types=("Row",),
        imports=("import { computed, onMounted, ref, watch } from 'vue'",),
    ),
    Case(
        "useOrders(props",
        called=("useOrders",),
        imports=("import { useOrders } from '@/composables/orders'",),
    ),
    Case(
        "rows.value.filter",
        chain="function open",
        starts="// What is still open.",
        signature="const open = computed(() =>",
        called=("filter",),
    ),
    Case(
        "since: new Date",
        chain="key filters",
        starts="const filters = {",
        signature="const filters =",
        called=("Date",),
        types=("Date",),
    ),
    Case("await load(account)", called=("load",)),
    Case(
        "const confirmed",
        chain="function pick",
        starts="async function pick(order: Order): Promise<void> {",
        signature="async function pick(order: Order): Promise<void>",
        called=("confirmPick",),
    ),
    Case(
        "emit('picked', order)",
        chain="function pick",
        starts="async function pick(order: Order): Promise<void> {",
        signature="async function pick(order: Order): Promise<void>",
        called=("emit",),
    ),
    Case(
        "this.orders.push",
        chain="class Basket > method Basket.add",
        starts="add(order: Order) {",
        signature="add(order: Order)",
        called=("push",),
        fields=("private orders: Order[] = []",),
    ),
    Case(
        "wide: rows.length",
        chain="element template > table template.orders",
        starts="<!-- the table -->",
        signature=TABLE,
    ),
    Case(
        "pick(row as Order)",
        chain="element template > table template.orders",
        starts="<!-- the table -->",
        signature=TABLE,
        called=("pick",),
        types=("Order",),
        imports=(TYPE,),
    ),
    Case(
        "<td><AmountCell",
        chain="element template > table template.orders",
        starts="<!-- the table -->",
        signature=TABLE,
        called=("AmountCell",),
        imports=("import AmountCell from './AmountCell.vue'",),
    ),
    Case(
        "{{ format(row)",
        chain="element template > table template.orders",
        starts="<!-- the table -->",
        signature=TABLE,
        called=("format",),
    ),
]

PLAIN = """\
<script setup>
import * as api from '@/api'
import dayjs from 'dayjs'

const today = () => dayjs().tz('Asia/Shanghai')
defineExpose({ today })
</script>
<template lang="pug">
p {{ nothing() }}
</template>
<style lang="scss">
$red: #f00;
.a { .b { color: $red; } }
</style>
"""
PLAIN_CASES = [
    Case(
        "const today",
        chain="function today",
        starts="const today = () => dayjs().tz('Asia/Shanghai')",
        signature="const today = () =>",
        called=("tz", "dayjs"),
        imports=("import dayjs from 'dayjs'",),
    ),
    Case("defineExpose", called=("defineExpose",)),
    Case("p {{", chain="element template", starts='<template lang="pug">', signature='<template lang="pug">'),
    Case("color: $red"),
]

SHEETS = (
    Sheet("vue", OPTIONS, OPTIONS_CASES),
    Sheet("vue", SETUP, SETUP_CASES),
    Sheet("vue", PLAIN, PLAIN_CASES),
)


@pytest.mark.parametrize("case", OPTIONS_CASES, ids=lambda case: case.line.strip())
def test_a_line_of_the_options_api_is_described_as_a_person_would(case: Case) -> None:
    assert describe("vue", OPTIONS, case.line) == case


@pytest.mark.parametrize("case", SETUP_CASES, ids=lambda case: case.line.strip())
def test_a_line_of_a_setup_script_is_described_as_a_person_would(case: Case) -> None:
    assert describe("vue", SETUP, case.line) == case


@pytest.mark.parametrize("case", PLAIN_CASES, ids=lambda case: case.line.strip())
def test_what_is_in_no_language_of_ours_is_left_alone(case: Case) -> None:
    assert describe("vue", PLAIN, case.line) == case
