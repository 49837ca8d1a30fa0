// The jobs inside a site as its customer sees them: what is under way, and what became of the last ones. Pure.
import { errandsOf } from '../domain/site.ts'
import { titleOfJob, type Job, type JobResult } from '../domain/site-tools.ts'
import type { TenantState } from './state.ts'

/** `at` and `endedAt` are epoch ms; `why` says why it failed. */
export interface ListedJob { n: number; title: string; job: Job; state: 'under way' | 'done' | 'failed'; at: number; endedAt: number | null; why: string | null; result: JobResult | null }

/** Newest first. */
export const jobList = ({ site }: Pick<TenantState, 'site'>): ListedJob[] => [
  ...errandsOf(site).map(({ n, job, at }): ListedJob => ({ n, title: titleOfJob(job), job, state: 'under way', at, endedAt: null, why: null, result: null })),
  ...(site.finished ?? []).toReversed().map(({ n, job, at, endedAt, why, result }): ListedJob => ({ n, title: titleOfJob(job), job, state: why === null ? 'done' : 'failed', at, endedAt, why, result })),
]
