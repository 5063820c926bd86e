import { settingsOfUpstream } from '../../config/upstreams.ts'
import {
  type Answers,
  type Check,
  type Facts,
  type Question,
  type Result,
  type Step,
  type UpstreamFacts,
  upstreamOf,
  wrong,
} from './check.ts'

/** Puts a question to whom it is of, of OSS at that upstream; never rejects. */
export type Asker = <Of extends Question['of']>(
  question: Extract<Question, { of: Of }>,
  upstream: UpstreamFacts,
) => Promise<Answers[Of]>

/**
 * Takes the steps in their order. One whose needs have not been met is left out, so that what is wrong is told once, where it
 * is; so are all questions to somebody who is not to be asked any more.
 * @param facts what is known; checks add to it. @param signal ends it before the next step.
 */
export async function runSteps(
  steps: readonly Step[],
  facts: Facts,
  ask: Asker,
  now: () => number,
  signal?: AbortSignal,
): Promise<Result[]> {
  const results: Result[] = []
  const byName = new Map<string, Result>()
  const silenced = new Set<string>()

  /** What a step waits for in vain: the check that has failed, or why another was left out for which it waits. */
  function hindrance({ needs, about }: Step): string | undefined {
    for (const need of needs) {
      const result = byName.get(`${about} ${need}`) ?? byName.get(need)
      if (result?.outcome === 'skipped') return result.said
      if (result?.outcome === 'wrong')
        return `needs ${result.about === about ? '' : `${result.about}: `}${result.check}`
    }
    return undefined
  }

  async function take(step: Step): Promise<Omit<Result, 'check' | 'about'>> {
    if (signal?.aborted) return { outcome: 'skipped', said: 'stopped' }
    const why = hindrance(step)
    if (why !== undefined) return { outcome: 'skipped', said: why }
    const upstream = upstreamOf(facts, step.upstream)
    if ('compare' in step) return { means: step.means, ...step.compare(facts, upstream) }
    const question = (step as Check).ask(facts, upstream)
    const whom = `${question.of} ${step.upstream ?? ''}`
    if (silenced.has(whom)) return { outcome: 'skipped', said: 'not asked any more' }
    const answer = await ask(question, upstream)
    facts.now = now()
    const verdict = (step as Check).judge(answer, facts, upstream)
    if (verdict.ends) silenced.add(whom)
    return { means: step.means, ...verdict }
  }

  /** What has been written is still to be removed. */
  const failed = (error: Error) => ({
    ...wrong(`doctor itself has failed: ${error.message}`, 'tell whoever maintains it'),
    means: '',
  })

  for (const step of steps) {
    if ('applies' in step && step.applies?.(facts, upstreamOf(facts, step.upstream)) === false) continue
    const { outcome, means, ...words } = await take(step).catch(failed)
    const { said, advice } = inOwnNames(words, facts, step.upstream)
    const hasFailed = outcome === 'wrong' || outcome === 'warning'
    const result = {
      about: step.about,
      check: step.name,
      ...(step.upstream === undefined ? {} : { upstream: step.upstream }),
      outcome,
      said,
      ...(hasFailed ? { means, advice } : {}),
    }
    results.push(result)
    byName.set(`${step.about} ${step.name}`, result)
  }
  return results
}

/** Checks speak of the settings of the environment: of another upstream's they speak by the names that these have. */
function inOwnNames(
  { said, advice }: Pick<Result, 'said' | 'advice'>,
  { config }: Facts,
  upstream: string | undefined,
): Pick<Result, 'said' | 'advice'> {
  if (upstream === undefined) return { said, advice }
  const named = (text: string) => settingsOfUpstream(text, upstream, config.document.upstreams[upstream])
  return { said: named(said), advice: advice && named(advice) }
}
